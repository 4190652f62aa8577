package secret

import (
	"errors"
	"path/filepath"
	"strings"
)

// Ref names a secret without holding it: KIND://PLACE. Two Refs are equal where
// they name the same place.
type Ref struct{ kind, place, dir string }

// Kinds of references.
const (
	KeyVault = "kv"
	Vault    = "vault"
	AWS      = "aws-sm"
	Age      = "age"
	Env      = "env"
	File     = "file"
	// Kept is what was given over AWS's API and is kept sealed (KeptAt); no file can
	// name it.
	Kept = "connection"
)

// Forms lists the references that Parse takes, for hints.
const Forms = "env://NAME, file://PATH, age://PATH, kv://VAULT/NAME, vault://MOUNT/PATH#KEY or aws-sm://NAME"

// maxRef bounds a reference, in bytes.
const maxRef = 2048

// vaultDomains are the domains that Key Vaults have (Azure: Key Vault's DNS
// suffixes of the public cloud, of China and of US Government). A token of Azure
// is sent to no other.
var vaultDomains = []string{".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"}

// Parse reads a reference: KIND://PLACE, or the identifier of a Key Vault secret
// as API Management has it (keyVault.secretIdentifier),
// https://VAULT.vault.azure.net/secrets/NAME[/VERSION], which names the same as
// kv://VAULT/NAME[/VERSION]. Its errors say what to write instead; they never
// quote more of the text than its kind, since a pasted secret may stand there.
func Parse(text string) (Ref, error) {
	kind, place, ok := strings.Cut(text, "://")
	if !ok {
		return Ref{}, errors.New("a secret is named by reference: write " + Forms + ", not the secret itself")
	}
	if len(text) > maxRef {
		return Ref{}, errors.New("the secret reference is longer than a reference can be")
	}
	var err error
	switch kind {
	case Env:
		if !envName(place) {
			err = errors.New("env:// needs the name of an environment variable: letters, digits and _, not beginning with a digit")
		}
	case File, Age:
		if place == "" || strings.ContainsFunc(place, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			err = errors.New(kind + ":// needs a path, absolute or relative to the project's folder")
		}
	case KeyVault:
		place, err = keyVaultPlace(place)
	case "https":
		kind = KeyVault
		place, err = identifierPlace(place)
	case Vault:
		err = checkVault(place)
	case AWS:
		err = checkAWS(place)
	default:
		err = errors.New("unknown kind of secret reference: use " + Forms)
	}
	if err != nil {
		return Ref{}, err
	}
	return Ref{kind: kind, place: place}, nil
}

func envName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') && only(s, "_")
}

// only reports whether s has letters and digits of ASCII and the characters of
// more, and nothing else.
func only(s, more string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte(more, c) >= 0) {
			return false
		}
	}
	return true
}

var errKeyVault = errors.New("kv:// needs VAULT/NAME or VAULT/NAME/VERSION, with the names that Key Vault allows: letters, digits and -")

// keyVaultPlace checks VAULT/NAME[/VERSION]; a vault of another cloud is named by
// its whole host.
func keyVaultPlace(place string) (string, error) {
	parts := strings.Split(place, "/")
	if len(parts) != 2 && len(parts) != 3 {
		return "", errKeyVault
	}
	vault := strings.ToLower(parts[0])
	name, domain, named := strings.Cut(vault, ".")
	switch {
	case named && "."+domain == vaultDomains[0]:
		vault = name
	case named && "."+domain != vaultDomains[1] && "."+domain != vaultDomains[2]:
		return "", errors.New("this is the host of no Key Vault: a vault is named as in kv://VAULT/NAME")
	}
	if len(name) < 3 || len(name) > 24 || !only(name, "-") {
		return "", errKeyVault
	}
	for _, p := range parts[1:] {
		if p == "" || len(p) > 127 || !only(p, "-") {
			return "", errKeyVault
		}
	}
	parts[0] = vault
	return strings.Join(parts, "/"), nil
}

// identifierPlace reads HOST/secrets/NAME[/VERSION].
func identifierPlace(rest string) (string, error) {
	host, path, _ := strings.Cut(rest, "/")
	name, ok := strings.CutPrefix(path, "secrets/")
	if !ok || !strings.Contains(host, ".") {
		return "", errors.New("a Key Vault secret's identifier is https://VAULT.vault.azure.net/secrets/NAME, with a version or without")
	}
	return keyVaultPlace(host + "/" + name)
}

func checkVault(place string) error {
	path, key, ok := strings.Cut(place, "#")
	mount, rest, deep := strings.Cut(path, "/")
	good := ok && deep && mount != "" && rest != "" && keyName(key)
	for seg := range strings.SplitSeq(path, "/") {
		good = good && seg != "" && seg != "." && seg != ".." && only(seg, "-_.+=@")
	}
	if !good {
		return errors.New("vault:// needs MOUNT/PATH#KEY: the mount of a key-value engine, the secret's path and the key in it")
	}
	return nil
}

func checkAWS(place string) error {
	name, key, keyed := strings.Cut(place, "#")
	if name == "" || len(name) > 512 || !only(name, "/_+=.@-:") || strings.Contains(name, ":") && !isARN(name) || keyed && !keyName(key) {
		return errors.New("aws-sm:// needs the secret's name or ARN, and #KEY where the secret is a JSON object")
	}
	return nil
}

func isARN(name string) bool {
	p := strings.Split(name, ":")
	return len(p) == 7 && p[0] == "arn" && p[2] == "secretsmanager" && p[3] != "" && p[5] == "secret" && p[6] != ""
}

// keyName allows the printable characters of ASCII without # in a key.
func keyName(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '#' {
			return false
		}
	}
	return s != "" && len(s) <= 256
}

// Under gives the reference with dir as the folder that a relative file:// or
// age:// path starts from.
func (r Ref) Under(dir string) Ref {
	if r.kind == File || r.kind == Age {
		r.dir = dir
	}
	return r
}

// String gives the reference as KIND://PLACE; it holds no secret.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return r.kind + "://" + r.place
}

// IsZero reports whether the Ref names nothing.
func (r Ref) IsZero() bool { return r.kind == "" }

// Kind is one of the constants; empty for the zero Ref.
func (r Ref) Kind() string { return r.kind }

// KeptAt gives the reference of a secret that was given over AWS's API. The place is
// its keeper's, and another one for every value.
func KeptAt(place string) Ref { return Ref{kind: Kept, place: place} }

// Place is what a reference names, without its kind.
func (r Ref) Place() string { return r.place }

// Pinned reports whether the reference names one version of a secret, which never
// changes.
func (r Ref) Pinned() bool {
	return r.kind == KeyVault && strings.Count(r.place, "/") == 2 || r.kind == Kept
}

// local reports whether reading the secret costs no network.
func (r Ref) local() bool { return r.kind == Env || r.kind == File || r.kind == Age }

// Path is the file of a file:// or age:// reference.
func (r Ref) Path() string {
	if filepath.IsAbs(r.place) {
		return r.place
	}
	return filepath.Join(r.dir, filepath.FromSlash(r.place))
}

// KeyVault gives the host of the vault, the secret's name, and its version, empty
// for the newest.
func (r Ref) KeyVault() (host, name, version string) {
	host, name, _ = strings.Cut(r.place, "/")
	name, version, _ = strings.Cut(name, "/")
	if !strings.Contains(host, ".") {
		host += vaultDomains[0]
	}
	return host, name, version
}

// Vault gives the mount, the path in it and the key of a vault:// reference.
func (r Ref) Vault() (mount, path, key string) {
	path, key, _ = strings.Cut(r.place, "#")
	mount, path, _ = strings.Cut(path, "/")
	return mount, path, key
}

// AWS gives the name or ARN and the key, empty for the whole secret, of an
// aws-sm:// reference.
func (r Ref) AWS() (name, key string) {
	name, key, _ = strings.Cut(r.place, "#")
	return name, key
}
