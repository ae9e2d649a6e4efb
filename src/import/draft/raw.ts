/** Code among plain values. */
export class Raw {
  readonly code: string;

  constructor(code: string) {
    this.code = code;
  }
}
