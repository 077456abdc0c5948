export const nowAt = () => Date.now() // fails: eslint(no-restricted-globals)
export const today = () => new Date() // fails: eslint(no-restricted-globals)
export const hiddenAt = () => globalThis.Date.now() // fails: eslint(no-restricted-globals)
export const elapsedMs = () => performance.now() // fails: eslint(no-restricted-globals)
