export const port = process.env['INGRESS_PORT']
