/** So many frames are one write at the most. */
const MAX_FRAMES = 8;

/** A socket of Node, as far as it is needed here. */
interface Corkable {
  cork(): void;
  uncork(): void;
}

/**
 * Joins the frames that are written until the event loop has gone round into one write, which is one system call; but only a few, so that
 * the peer works on the first ones while the others are made.
 */
export class FrameJoiner {
  #held = 0;
  #isScheduled = false;

  private readonly socket: Corkable;

  constructor(socket: Corkable) {
    this.socket = socket;
  }

  /** To be called before each frame. */
  hold(): void {
    if (this.#held === MAX_FRAMES) this.#release();
    if (this.#held++ === 0) this.socket.cork();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#release();
    });
  }

  #release(): void {
    this.#held = 0;
    this.socket.uncork();
  }
}
