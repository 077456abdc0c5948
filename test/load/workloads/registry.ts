export const workloadNames: readonly string[] = []
