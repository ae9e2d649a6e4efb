import { escapeAnyText } from '../../xml/text.ts';

/** https://www.w3.org/TR/ws-addr-soap/ */
const WSA = 'http://www.w3.org/2005/08/addressing';

/** The headers of WS-Addressing for a request that is answered on its own connection. */
export function addressingHeader(action: string, to: string): string {
  const block = (name: string, content: string): string => `<wsa:${name} xmlns:wsa="${WSA}">${content}</wsa:${name}>`;
  return (
    block('Action', escapeAnyText(action)) +
    block('To', escapeAnyText(to)) +
    block('MessageID', `urn:uuid:${crypto.randomUUID()}`) +
    block('ReplyTo', `<wsa:Address>${WSA}/anonymous</wsa:Address>`)
  );
}
