/** The calls and events of the demo, which hints show too. */
export interface Examples {
  /** Inputs by operation; `run` counts from 0, so that each run may create, and later delete, something of its own. */
  readonly operations: Readonly<Record<string, (run: number) => unknown>>;
  /** Payloads by event. */
  readonly events: Readonly<Record<string, (run: number) => unknown>>;
}

/** The reference service gives its first new post this id; the demo creates as many as it deletes. */
const FIRST_NEW_POST = 5;

/** Examples of the Blog contract, in the order in which they work one after the other. */
export const BLOG_EXAMPLES: Examples = {
  operations: {
    createUser: (run) => ({ username: `ada_${run}`, email: `ada.${run}@example.com` }),
    getUser: () => ({ id: 123 }),
    getUserPosts: () => ({ userId: 123, limit: 2 }),
    getPost: () => ({ id: 1 }),
    createPost: () => ({ authorId: 123, title: 'Eight protocols, one client', content: 'Change one line.' }),
    updatePost: (run) => ({ id: 1, title: `RESTful APIs 10${run}` }),
    deletePost: (run) => ({ id: FIRST_NEW_POST + run }),
    sendMessage: () => ({ sender: 'user123', message: 'Hello, everyone!' }),
    getWeather: () => ({ location: 'London' }),
    reportTemperature: (run) => ({ sensorId: 'roof', celsius: 20 + run / 10 }),
  },
  events: {
    message: (run) => ({ sender: 'user123', message: `Hello number ${run}!` }),
    articlePublished: () => ({ title: 'Eight protocols, one client', author: 'john_doe', content: 'Change one line.' }),
    temperature: (run) => ({ sensorId: 'roof', celsius: 20 + run / 10, measuredAt: '2024-04-01T12:00:00Z' }),
  },
};
