// Package formats holds the product to its data folders: those that older formats
// wrote, kept here, and those that backups under load restore to.
//
// testdata has a folder of every data format, written by a binary of that format
// with executions that wait in every kind that it had (zoo). Tests open each with
// the engine as it is now, on a clock of their own, and bring all of them to their
// ends. scripts/format-folder.sh writes the folder of the present binary. Nothing
// calls this package.
package formats
