/** A moment that comes again and again. All who wait for it share one promise, so none of them can replace another. */
export class Latch {
  #next: Promise<void> | undefined;
  #resolve: () => void = () => {};

  get isAwaited(): boolean {
    return this.#next !== undefined;
  }

  /** Resolves at the next `release`. */
  wait(): Promise<void> {
    return (this.#next ??= new Promise((resolve) => (this.#resolve = resolve)));
  }

  /** Lets all go who wait; later ones wait for the next time. */
  release(): void {
    this.#next = undefined;
    this.#resolve();
  }
}
