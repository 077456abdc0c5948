export const later = (run: () => void) => setTimeout(run, 10) // fails: eslint(no-restricted-globals)
export const often = (run: () => void) => setInterval(run, 10) // fails: eslint(no-restricted-globals)
export const next = (run: () => void) => setImmediate(run) // fails: eslint(no-restricted-globals)
export const until = () => AbortSignal.timeout(10) // fails: eslint(no-restricted-properties)
