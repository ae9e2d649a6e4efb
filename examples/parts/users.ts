import { ApiError, defineContract, mutation, query, type Handlers } from 'multi-api-sdk';
import * as z from 'zod';
import type { Context } from './context.ts';

const User = z.object({ id: z.int32(), name: z.string() }).meta({ id: 'User' });

export const users = defineContract({
  name: 'users',
  operations: {
    getUser: query({ input: z.object({ id: z.int32() }), output: User, http: 'GET /users/{id}', errors: ['NOT_FOUND'] }),
    addUser: mutation({ input: z.object({ name: z.string() }), output: User, http: 'POST /users' }),
  },
});

const all = new Map<number, z.output<typeof User>>();

export const userHandlers: Handlers<typeof users, Context> = {
  getUser({ id }) {
    const user = all.get(id);
    if (!user) throw new ApiError('NOT_FOUND', `no user has the id ${id}`);
    return user;
  },
  addUser({ name }) {
    const user = { id: all.size + 1, name };
    all.set(user.id, user);
    return user;
  },
};
