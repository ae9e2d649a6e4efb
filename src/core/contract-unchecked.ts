/** In a browser's production build: the contract was checked where it was written, tested and served, and the check is a tenth of a bundle. */
export function checkContract(): void {}

/** As above. */
export function checkParts(): void {}

/** As above. */
export function checkRoutes(): void {}

/** As above. */
export function checkServes(): void {}

/** As above: the message names all that exist instead. */
export function nearest(): undefined {}

/** As above. */
export function checkKinds(): void {}
