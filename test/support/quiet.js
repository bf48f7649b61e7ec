// winston writes past the console that Jest silences, when it finds this.
delete console._stdout
