// node-fetch 2 needs whatwg-url only where Node has no URL of its own (`Url.URL || whatwgUrl.URL`), which was
// before Node 10. The package brings Unicode tables (tr46) that no one would ever read: 290 KB of the bundle.
module.exports = { URL, URLSearchParams }
