/** What every handler knows of its caller. */
export interface Context {
  readonly tenant: string;
}
