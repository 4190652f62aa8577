// Package secret turns references such as kv://VAULT/NAME into values that cannot
// be printed, logged, formatted or stored by accident, and keeps them fresh.
//
// Ref is the reference, Value the secret, Source one kind of place that secrets
// lie in, Store what keeps them: it fetches, refreshes on a schedule and after a
// refusal, and tells who watches. The folders below are the sources that need a
// network or a key: keyvault, vault, awssm, agefile; environment and files are
// built in. Masker finds the values that were resolved in what is to be kept or
// shown.
//
// It is not a policy and not a place to write secrets to. The loaders of
// stile.yaml, connections and API Management folders parse references (config,
// files); app opens the Store and hands what it gives to the gateway and to tasks.
//
// Invariants: every formatter prints a Value as "***"; only Reveal gives the
// text; no error of this package or of a source holds a value, nor any text that
// a server sent; a value is in memory only; where there never was a value, or it
// is older than it may be, there is an error and no value.
package secret
