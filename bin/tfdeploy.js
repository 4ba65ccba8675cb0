#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`tfdeploy needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(78);
}
const { main } = await import('../dist/programs/cli/main.js');
await main(process.argv.slice(2));
