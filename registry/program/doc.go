// Package program makes the package of a plugin from the directory of its author: for each platform the files with the program for
// it, and the schema, which is learnt from the program itself. What others read of the plugin later comes from there, signed, so
// that nobody has to start it to know its types.
package program
