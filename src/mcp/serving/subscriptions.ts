import { ApiError } from '../../core/errors.ts';

/** Tells the peer that a resource has changed; a promise while the peer is behind. */
export type TellChange = (uri: string) => void | Promise<void>;

/** The receiver of the changes of one resource. */
export interface Watcher {
  readonly signal: AbortSignal;
  readonly changed: () => void;
  /** There will be no more: for this reason, if there is one. */
  readonly ended: (error?: ApiError) => void;
}

/** Begins to watch a resource for a watcher. Resolves when it is watched. */
export type Watch = (watcher: Watcher) => Promise<void>;

interface Watched {
  readonly controller: AbortController;
  readonly standing: Promise<void>;
}

/** The resources of whose changes a peer was not told yet: it is told once of those that it was too slow for. */
export class Changes {
  readonly #changed = new Set<string>();
  #tell: TellChange | undefined;
  #isTelling = false;

  add(uri: string): void {
    this.#changed.add(uri);
    void this.#flush();
  }

  /** The peer can be told, from now on. */
  attach(tell: TellChange): void {
    this.#tell = tell;
    void this.#flush();
  }

  /** The peer cannot be told, until it attaches again. */
  detach(tell: TellChange): void {
    if (this.#tell === tell) this.#tell = undefined;
  }

  async #flush(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (const uri of this.#changed) {
      if (!this.#tell) break;
      this.#changed.delete(uri);
      await this.#tell(uri);
    }
    this.#isTelling = false;
  }
}

/** The resources that a session of the older revisions has subscribed to. */
export class Subscriptions {
  readonly #watched = new Map<string, Watched>();
  readonly #changes = new Changes();
  #hadStream = false;

  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  /** Resolves when the resource is watched. Rejects with RESOURCE_EXHAUSTED, and as `watch` does. */
  add(uri: string, watch: Watch): Promise<void> {
    const held = this.#watched.get(uri);
    if (held) return held.standing;
    if (this.#watched.size >= this.most)
      return Promise.reject(new ApiError('RESOURCE_EXHAUSTED', `a session is told of ${this.most} resources`));
    const controller = new AbortController();
    const { signal } = controller;
    const end = () => {
      if (!signal.aborted) this.delete(uri);
    };
    const changed = () => {
      if (!signal.aborted) this.#changes.add(uri);
    };
    const ended = () => {
      // A peer that reads it now finds out why it hears no more.
      changed();
      end();
    };
    const standing = Promise.resolve()
      .then(() => watch({ signal, changed, ended }))
      .catch((error: unknown) => {
        end();
        throw error;
      });
    this.#watched.set(uri, { controller, standing });
    return standing;
  }

  delete(uri: string): void {
    this.#watched.get(uri)?.controller.abort(LEFT);
    this.#watched.delete(uri);
  }

  /** Ends all. */
  clear(): void {
    for (const uri of [...this.#watched.keys()]) this.delete(uri);
  }

  /** The peer can be told. After a stream that broke it is told of all, because it may have missed changes. */
  attach(tell: TellChange): void {
    if (this.#hadStream) for (const uri of this.#watched.keys()) this.#changes.add(uri);
    this.#hadStream = true;
    this.#changes.attach(tell);
  }

  /** The peer cannot be told, until it attaches again. */
  detach(tell: TellChange): void {
    this.#changes.detach(tell);
  }
}

/** Why a subscription to events ends that tells a peer of changes. */
export const LEFT = new ApiError('CANCELLED', 'the peer listens no more');
