/** Only the agent: all of undici takes twice as long to load, and most of it (its own `fetch`, mocks, caches) is never used here. */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}
