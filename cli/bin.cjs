#!/usr/bin/env node
require('tsx/cjs')
require('./bridge.ts')
