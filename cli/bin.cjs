#!/usr/bin/env -S node --max-semi-space-size=2 --optimize-for-size
// Node 24 lets what is new grow to 100 MB and more before it is collected: long work has to fit into 200 MB.
require('tsx/cjs')
require('./bridge.ts')
