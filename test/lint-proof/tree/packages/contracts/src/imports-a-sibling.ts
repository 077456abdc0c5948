import { connect } from '@penstock/bus' // fails: eslint(no-restricted-imports)

export const start = connect
