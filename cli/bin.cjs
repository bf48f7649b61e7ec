#!/usr/bin/env -S node --max-semi-space-size=2
// Node 24 lets what is new grow to 100 MB and more before it is collected.
require('tsx/cjs')
require('./bridge.ts')
