/**
 * In a browser's production build: the contract was checked in development, in tests and by the service, and the check is a tenth of a
 * bundle.
 */
export function checkContract(): void {}

/** As above. */
export function checkParts(): void {}

/** As above. */
export function checkRoutes(): void {}

/** As above. */
export function checkServes(): void {}

/** As above. */
export function checkKinds(): void {}

/** As above. */
export function checkForeign(): void {}

/** As above: an unknown option does nothing. */
export function checkOptions(): void {}

/** As above. */
export function checkSignal(): void {}
