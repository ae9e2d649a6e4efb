/** The scheme of an address, its host and its path. */
const ADDRESS = /^(?:([a-z][\w+.-]*:\/\/)(?:[^/?#@]*@)?)?([^/?#]*)([^?#]*)/i;
/** More than an id has: some services take their credentials in the path. */
const LONG_SEGMENT = /[^/]{40,}/g;

/** An address as messages have it: without its user, its query and long parts of its path, which may be secret. */
export function shownUrl(url: string): string {
  const [, scheme = '', host = '', path = ''] = ADDRESS.exec(url) ?? [];
  return `${scheme}${host}${path.replace(LONG_SEGMENT, '…')}`;
}
