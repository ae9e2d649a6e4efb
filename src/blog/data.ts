import type * as z from 'zod/mini';
import type { Post, User, Weather } from './contract.ts';

/** The reference service begins with these. */
export const USERS: readonly z.output<typeof User>[] = [
  { id: 123, username: 'john_doe', email: 'john.doe@example.com', createdAt: '2024-01-15T09:30:00Z' },
];

const CONTENT = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit...';

export const POSTS: readonly z.output<typeof Post>[] = [
  { id: 1, authorId: 123, title: 'RESTful APIs 101', content: CONTENT, createdAt: '2024-01-16T10:00:00Z' },
  { id: 2, authorId: 123, title: 'Building Scalable Web Applications', content: CONTENT, createdAt: '2024-02-01T10:00:00Z' },
  { id: 3, authorId: 123, title: 'GraphQL Introduction', content: CONTENT, createdAt: '2024-03-05T10:00:00Z' },
  { id: 4, authorId: 123, title: 'Advanced GraphQL Techniques', content: CONTENT, createdAt: '2024-03-20T10:00:00Z' },
];

export const WEATHER: readonly z.output<typeof Weather>[] = [
  { location: 'London', temperature: '22°C', conditions: 'Sunny' },
  { location: 'Paris', temperature: '19°C', conditions: 'Cloudy' },
  { location: 'Oslo', temperature: '7°C', conditions: 'Rain' },
];
