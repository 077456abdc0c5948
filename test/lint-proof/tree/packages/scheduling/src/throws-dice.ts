export const dice = () => Math.random() // fails: eslint(no-restricted-properties)
export const id = () => crypto.randomUUID() // fails: eslint(no-restricted-globals)
