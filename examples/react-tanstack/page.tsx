/** A page in React with TanStack Query: a list in pages, a mutation, and events that go on after a lost connection. */
import { QueryClient, QueryClientProvider, useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { createClient } from 'multi-api-sdk/core';
import { createTanstackQuery } from 'multi-api-sdk/tanstack';
import { webSocket } from 'multi-api-sdk/websocket';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { contract } from './contract.ts';

const client = createClient({ contract, transport: webSocket({ url: location.origin }), reconnect: { baseDelayMs: 20, maxDelayMs: 50 } });
const api = createTanstackQuery(contract, client);
// Calls that may be repeated are better tried again by `retry` of multi-api-sdk/compose, which knows the errors.
const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });

function Tasks() {
  const list = useInfiniteQuery(api.listTasks.infiniteOptions({ limit: 2 }));
  const count = useQuery({ ...api.countTasks.queryOptions(), staleTime: Infinity });
  const added = useQuery(api.events.taskAdded.queryOptions());
  const add = useMutation(api.addTask.mutationOptions());
  const [title, setTitle] = useState('');
  return (
    <main>
      <p id="state">{added.status}</p>
      <p id="count">{count.data}</p>
      <ul id="list">
        {list.data?.pages.flat().map((task) => (
          <li key={task.id}>{task.title}</li>
        ))}
      </ul>
      <button id="more" disabled={!list.hasNextPage} onClick={() => void list.fetchNextPage()}>
        More
      </button>
      <ul id="added">
        {added.data?.map((task) => (
          <li key={task.id}>{task.title}</li>
        ))}
      </ul>
      <input id="title" value={title} onChange={(change) => setTitle(change.target.value)} />
      <button id="add" onClick={() => add.mutate({ title: title || 'untitled' })}>
        Add
      </button>
      <p id="error">{(added.error ?? list.error ?? add.error)?.message}</p>
    </main>
  );
}

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <QueryClientProvider client={queries}>
      <Tasks />
    </QueryClientProvider>,
  );
