/** Checks the options of a carrier that is made later: a page loads it after the client was made. */
export { checkPlatform as checkCarrier } from './platform.ts';
