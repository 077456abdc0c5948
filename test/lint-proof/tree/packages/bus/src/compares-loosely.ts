export const same = (a: string | number, b: string) => a == b // fails: eslint(eqeqeq)
