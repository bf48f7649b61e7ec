// node-fetch 2 needs whatwg-url only where Node has no URL of its own (`Url.URL || whatwgUrl.URL`), which was
// before Node 10. The package brings Unicode tables of 260 KB (tr46) that no one would ever read.
module.exports = { URL, URLSearchParams }
