/** The instrumentation scope. */
export const LIBRARY = 'multi-api-sdk';
