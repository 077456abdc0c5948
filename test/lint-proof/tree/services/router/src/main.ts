console.error(process.env['ROUTER_PORT']) // fails: eslint(no-console)
