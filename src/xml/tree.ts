/** An element that no schema describes: a fault, a header block. */
export interface XmlElement {
  readonly uri: string;
  readonly local: string;
  /** By local name; those in a namespace have it and a space before: `http://… mustUnderstand`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly in it. */
  readonly text: string;
}

/** An element while it is being read. */
export class OpenElement implements XmlElement {
  readonly children: OpenElement[] = [];
  text = '';

  readonly uri: string;
  readonly local: string;
  readonly attributes: ReadonlyMap<string, string>;

  constructor(uri: string, local: string, attributes: ReadonlyMap<string, string>) {
    this.uri = uri;
    this.local = local;
    this.attributes = attributes;
  }
}

/** The first child of that name, in whatever namespace. */
export function childOf(element: XmlElement | undefined, local: string): XmlElement | undefined {
  return element?.children.find((child) => child.local === local);
}

/** The text of the child of that name. */
export function textOf(element: XmlElement | undefined, local: string): string | undefined {
  return childOf(element, local)?.text;
}
