import type { Bus } from '@penstock/bus'

export const start = (bus: Bus) => bus
