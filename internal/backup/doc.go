// Package backup writes the data folder into one archive while the product runs,
// and makes a data folder of such an archive.
//
// An archive is a zstd stream of a tar: MANIFEST.json (of which stile, data format
// and semantics it is, and size and SHA-256 of every file), MANIFEST.sha256, then
// the files in the manifest's order: log/ and config/, the checkpoints of the two
// stores, and keys.age, the secret rows that were taken out of them, encrypted to
// age recipients. Traces and what a server makes anew (certificates) are not in it.
//
// It is no server and no command: app stages and streams (Source), the command line
// reads (Verify, Restore). It knows no record: what is secret is a list of ranges
// that app gives it.
//
// Invariants: all that was acknowledged before Stage is in the archive; a secret
// row is in keys.age or nowhere; what a manifest does not name, or names otherwise,
// is refused before a file of that name is made; a folder gets its FORMAT last, so
// that one that was restored in part never opens.
package backup
