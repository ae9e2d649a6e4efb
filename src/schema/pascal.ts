/** `user-name` as a part of a type's name: `UserName`. */
export function pascal(text: string): string {
  return text.split(/[^A-Za-z0-9]+/).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join(''); // prettier-ignore
}
