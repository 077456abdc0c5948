export const patienceMs = { completion: 500, interactive: 5_000, background: 60_000 }
