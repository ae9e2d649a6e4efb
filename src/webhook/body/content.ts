/** The contents of a webhook, in whatever form its sender writes it. */
export interface WebhookContent {
  /** The event's type, in the sender's spelling; several if it has more than one name, such as `issues` and `issues.opened`. */
  readonly type: string | readonly string[];
  /** The same for each attempt; without one, repetitions are not told apart. */
  readonly id: string | undefined;
  /** When it happened, ISO 8601. */
  readonly time: string | undefined;
  readonly data: unknown;
}
