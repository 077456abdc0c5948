export const open = (value: any) => String(value) // fails: typescript(no-explicit-any)
