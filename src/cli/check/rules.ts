/** The protocols that a change is judged for. */
export const COLUMNS = ['rest', 'graphql', 'websocket', 'soap', 'grpc', 'mqtt', 'mcp', 'webhook'] as const;

export type Column = (typeof COLUMNS)[number];

/**
 * The meaning of a change on one protocol. `breaks old clients`: a deployed client fails with the new service. `breaks old servers`: a new
 * client that uses the change fails with a deployed service. `changes meaning`: nothing fails, and something else happens.
 */
export type Verdict = 'safe' | 'breaks old clients' | 'breaks old servers' | 'changes meaning' | 'not there';

interface Rule {
  readonly says: string;
  /** On every protocol that `on` does not name. */
  readonly verdict: Verdict;
  readonly on?: Readonly<Partial<Record<Column, Verdict>>>;
}

const [SAFE, CLIENTS, SERVERS, MEANING, NONE] = [
  'safe',
  'breaks old clients',
  'breaks old servers',
  'changes meaning',
  'not there',
] as const;

/** Webhooks carry no operations, and all but SOAP and MCP carry events. */
const CALLS = { webhook: NONE } as const;
const EVENTS = { soap: NONE, mcp: NONE } as const;
/** Everything but the protocols that are named. */
const only = (columns: Readonly<Partial<Record<Column, Verdict>>>): Pick<Rule, 'verdict' | 'on'> => ({ verdict: SAFE, on: columns });

/**
 * The meaning of each change, on every protocol: all rules of `check` in one place. test/cli/check-rules.test.ts proves them with old and
 * new peers, and test/cli/check-judges.test.ts compares them with other judges.
 */
export const RULES = {
  'operation removed': { says: 'the operation is gone', verdict: CLIENTS, on: CALLS },
  'operation added': { says: 'the operation is new', verdict: SERVERS, on: CALLS },
  'route changed': { says: 'the method or path of clients is gone', ...only({ rest: CLIENTS, webhook: NONE }) },
  'kind changed': {
    says: 'a query became a mutation, or the other way round: clients of Connect that call by GET fail',
    ...only({ graphql: CLIENTS, webhook: NONE }),
  },
  'service changed': { says: 'the operation is in another service', ...only({ soap: CLIENTS, grpc: CLIENTS, webhook: NONE }) },
  'name changed': { says: 'the contract has another name', ...only({ grpc: CLIENTS, mqtt: CLIENTS }) },
  'major changed': { says: "the contract's major version is another", ...only({ grpc: CLIENTS, mqtt: CLIENTS }) },
  'namespace changed': { says: 'the XML namespace is another', ...only({ soap: CLIENTS }) },
  'stream changed': { says: 'an answer became a stream, or a stream an answer', verdict: CLIENTS, on: CALLS },
  'security added': { says: 'it asks for credentials that were not asked for', verdict: CLIENTS },
  'security removed': { says: 'it asks for fewer credentials', verdict: SERVERS },
  'input required': { says: 'an input must be given', verdict: CLIENTS, on: CALLS },
  'input added': { says: 'an input may be given', ...only({ graphql: SERVERS, webhook: NONE }) },
  'input removed': { says: 'what was an input is dropped', verdict: MEANING, on: { graphql: CLIENTS, ...CALLS } },
  'input optional': { says: 'an input may be left out', verdict: SERVERS, on: CALLS },
  'input narrowed': { says: 'values that were taken are refused', verdict: CLIENTS, on: CALLS },
  'input widened': { says: 'values that were refused are taken', verdict: SERVERS, on: CALLS },
  'input type changed': { says: 'an input has another type', verdict: CLIENTS, on: { grpc: MEANING, ...CALLS } },
  'default changed': { says: 'an input that is left out is something else', verdict: MEANING, on: CALLS },
  'output removed': { says: 'a member of the answer is gone', verdict: CLIENTS, on: { grpc: MEANING, ...CALLS } },
  'output added': { says: 'a member of the answer is new', ...only({ graphql: SERVERS, webhook: NONE }) },
  'output optional': { says: 'a member of the answer may be absent', verdict: CLIENTS, on: CALLS },
  'output required': { says: 'a member of the answer is always there', verdict: SERVERS, on: CALLS },
  'output narrowed': { says: 'the answer has fewer values', verdict: SERVERS, on: CALLS },
  'output widened': { says: 'the answer has values that were not there', verdict: CLIENTS, on: CALLS },
  'output type changed': { says: 'the answer has another type', verdict: CLIENTS, on: { soap: MEANING, grpc: MEANING, ...CALLS } },
  'error added': { says: 'the operation declares one more error', verdict: SAFE, on: CALLS },
  'error removed': { says: 'an error is declared no longer', verdict: SAFE, on: CALLS },
  'error changed': { says: 'an error has another code', verdict: MEANING, on: CALLS },
  'event removed': { says: 'the event is gone', verdict: CLIENTS, on: EVENTS },
  'event added': { says: 'the event is new', verdict: SERVERS, on: EVENTS },
  'channel changed': { says: 'the event is published at another place', ...only({ rest: CLIENTS, mqtt: CLIENTS, ...EVENTS }) },
  'type changed': { says: "the event's type is another", ...only({ webhook: CLIENTS, ...EVENTS }) },
  'payload removed': { says: 'a member of the event is gone', verdict: CLIENTS, on: { grpc: MEANING, ...EVENTS } },
  'payload added': { says: 'a member of the event is new', ...only({ graphql: SERVERS, ...EVENTS }) },
  'payload optional': { says: 'a member of the event may be absent', verdict: CLIENTS, on: EVENTS },
  'payload required': { says: 'a member of the event is always there', verdict: SERVERS, on: EVENTS },
  'payload narrowed': { says: 'the event has fewer values', verdict: SERVERS, on: EVENTS },
  'payload widened': { says: 'the event has values that were not there', verdict: CLIENTS, on: EVENTS },
  'payload type changed': { says: 'the event has another type', verdict: CLIENTS, on: { grpc: MEANING, ...EVENTS } },
  'number changed': {
    says: 'a field has another number: keep it with a lock',
    ...only({ grpc: CLIENTS }),
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof RULES;

/** One difference of two contracts. */
export interface Change {
  readonly rule: RuleName;
  /** `getUser: input.id`. */
  readonly place: string;
  /** The old and the new value, if that says more than the rule. */
  readonly detail?: string;
}

/** The verdict of a rule for a protocol. */
export function verdictOf(name: RuleName, column: Column): Verdict {
  const rule: Rule = RULES[name];
  return rule.on?.[column] ?? rule.verdict;
}
