/** The package has types in comments only. */
declare module 'apollo-upload-client/UploadHttpLink.mjs' {
  import type { ApolloLink } from '@apollo/client/core';

  export default class UploadHttpLink extends ApolloLink {
    constructor(options: { readonly uri: string; readonly headers?: Readonly<Record<string, string>> });
  }
}
