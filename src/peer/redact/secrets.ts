const HIDDEN = '[redacted]';

/** Names of headers, members and parameters whose values are secret. Tokens of pages are not. */
const SECRET_NAME = /token|secret|passw(?:or)?d|passphrase|credential|session|api[-_]?key|access[-_]?key|private[-_]?key|signature/i;
const SECRET_HEADER = /^(?:proxy-)?authorization$|^(?:set-)?cookie$|^x-auth/i;
const PUBLIC_NAME = /page|next|cursor|continu|sync/i;

/** Whether a header of that name is hidden whole. */
export function isSecretHeader(name: string): boolean {
  return SECRET_HEADER.test(name) || SECRET_NAME.test(name);
}

/** Whether the value of a member or parameter is hidden; a member may be a header, since some envelopes hold headers. */
function isSecretName(name: string): boolean {
  return SECRET_HEADER.test(name) || (SECRET_NAME.test(name) && !PUBLIC_NAME.test(name));
}

/** Runs of characters that a token may be one of. Each is looked at once, however long. */
const RUN = /[\w.-]{16,}/g;
/** A JSON Web Token, and keys by the prefixes that their issuers give them so that they can be found. */
const TOKEN =
  /^(?:eyJ[\w-]{6,}\.[\w-]+\.[\w-]*$|(?:sk|rk)_(?:live|test)_|sk-[\w-]{16}|gh[opsur]_\w{16}|github_pat_|glpat-|xox[abeoprs]-|xapp-|A(?:K|S)IA[A-Z0-9]{12}|AIza[\w-]{20}|ya29\.|shp(?:at|ca|pa|ss)_|npm_\w{20}|SG\.[\w-]{10}|dop_v1_|hf_\w{20}|pypi-)/;
/** Whole texts that are secret wherever they stand: secrets of webhooks, private keys, and the tokens in addresses of chats. */
const WHOLE =
  /\bwhsec_[\w+/=-]+|\d{6,12}:[\w-]{35}(?![\w-])|\bhooks\.slack\.com\/[\w/]{20,200}|\/api\/webhooks\/\d{15,20}\/[\w-]{60,100}|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g;
const SCHEME = /\b(Bearer|Basic) ([\w.~+/=-]{8,})/g;
const USER_INFO = /\/\/[^\s/@:"]{0,200}:[^\s/@"]{1,200}@/g;
/** A parameter of a URL or of a form. */
const PARAMETER = /(^|[?&])([\w.[\]-]{1,60})=([^&\s"'#<>]+)/g;
const EXACT_PARAMETER = /^(?:sig|code|auth|key|access_token|id_token)$/i;
/** A member of JSON. */
const MEMBER = /"([\w.-]{1,60})"\s{0,8}:\s{0,8}"(?:[^"\\]|\\.)*"/g;

/**
 * A text of the wire with what looks like a credential taken out, wherever it stands: tokens and keys by their shape, and values by the name of
 * their member or parameter. Takes time in proportion to the text.
 */
export function hideSecrets(text: string): string {
  let shown = text.replace(WHOLE, HIDDEN).replace(RUN, (run) => (TOKEN.test(run) ? HIDDEN : run));
  if (shown.includes('"')) shown = shown.replace(MEMBER, (whole, name: string) => (isSecretName(name) ? `"${name}":"${HIDDEN}"` : whole));
  if (shown.includes('='))
    shown = shown.replace(PARAMETER, (whole, before: string, name: string) =>
      EXACT_PARAMETER.test(name) || isSecretName(name) ? `${before}${name}=${HIDDEN}` : whole,
    );
  if (shown.includes('@')) shown = shown.replace(USER_INFO, `//${HIDDEN}@`);
  // A word after "Basic" is not a credential.
  return shown.replace(SCHEME, (whole, scheme: string, value: string) =>
    /[\d=+/]|[a-z][A-Z]/.test(value) ? `${scheme} ${HIDDEN}` : whole,
  );
}
