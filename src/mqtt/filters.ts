/** Whether some topic fits both filters. Source: https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901241 */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')];
  for (let at = 0; ; at++) {
    const [left, right] = [a[at], b[at]];
    // `a/#` has `a` in it.
    if (left === '#' || right === '#') return true;
    if (left === undefined || right === undefined) return left === right || (left ?? right) === undefined;
    if (left !== right && left !== '+' && right !== '+') return false;
    const [leftNext, rightNext] = [a[at + 1], b[at + 1]];
    if (leftNext === undefined && rightNext === undefined) return true;
    if (leftNext === undefined) return rightNext === '#';
    if (rightNext === undefined) return leftNext === '#';
  }
}
