// Package files turns a user's folder into nouns: stile.yaml, the APIOps folder
// of the gateway, definitions of state machines, roles and connections; and
// watches the folder for changes.
//
// It compiles nothing (asl and gateway do) and writes nothing. app calls it.
//
// Invariants: Load reports every fault of every file, sorted, and gives a Project
// also where there are errors, so that checks can go on; what the folder holds
// and Stile does not use is a warning, never silent; no value of a secret is
// read here.
package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/internal/identity"
)

// Project is what a folder holds.
type Project struct {
	// Dir is the folder as the user named it; files in diagnostics begin with it.
	Dir string
	// Digest is a hex SHA-256 over the files that were read, whatever they hold.
	Digest        string
	Config        *config.Config
	APIM          *apim.Service
	StateMachines []StateMachine // sorted by name
	Roles         map[string]*identity.Role
	Connections   map[string]*Connection
	// Assignments say who has which role (assignments.yaml).
	Assignments []identity.Assignment
}

// Load reads a project's folder. The list has all faults; the Project is nil only
// where the folder itself cannot be read.
func Load(dir string) (*Project, diag.List) { return NewCache(dir).Load() }

type loader struct {
	dir    string
	faults diag.List
	// misread: stile.yaml has an error, so that what it declares is not all known.
	misread bool
	// sums are those of the files that were read, in the order of reading; one that was
	// read twice stands there twice.
	sums  []fileSum
	cache *Cache
	root  *branch
	// loose counts what was met and cannot be kept.
	loose int
	// entered is the noun's folder that is being read, and here what it holds, so that
	// its files need not be looked for one by one; empty: none.
	entered string
	here    []*branch
}

// name is the path of a file as diagnostics show it.
func (l *loader) name(parts ...string) string {
	return filepath.ToSlash(filepath.Join(append([]string{l.dir}, parts...)...))
}

func (l *loader) fault(file, code, message, hint string) {
	l.faults = append(l.faults, diag.Diagnostic{Code: code, Severity: diag.Error, File: file, Message: message, Hint: hint})
}

func (l *loader) unused(file, what string) {
	l.faults = append(l.faults, diag.Diagnostic{Code: doctree.CodeNotUsed, Severity: diag.Warning, File: file, Message: what + " is not used"})
}

// plain is an error's reason without the path, which the diagnostic has anyway.
func plain(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// read gives a file's text; ok is false where it is not there, or cannot be read,
// which is then a fault.
func (l *loader) read(parts ...string) (src *diag.Source, ok bool) {
	path := filepath.Join(append([]string{l.dir}, parts...)...)
	if !l.mayBe(path, parts) {
		return nil, false
	}
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil {
		l.fault(l.name(parts...), config.CodeUnreadable, "cannot read the file: "+plain(err), "")
		return nil, false
	}
	l.summed(data, parts...)
	return diag.NewSource(l.name(parts...), string(data)), true
}

// mayBe reports whether there can be a file, and notes where it is a link.
func (l *loader) mayBe(path string, parts []string) bool {
	if l.entered != "" && len(parts) == 2 && parts[0] == l.entered {
		i := slices.IndexFunc(l.here, func(b *branch) bool { return b.name == parts[1] })
		if i >= 0 && l.here[i].link {
			l.loose++
		}
		return i >= 0
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		l.loose++
	}
	return !errors.Is(err, fs.ErrNotExist)
}

// readFile reads a whole file of at most doctree.MaxBytes.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, 0, 2048)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, err
		case len(data) > doctree.MaxBytes:
			return nil, errors.New("it is too large")
		}
		data = slices.Grow(data, 512)
	}
}

// enter begins to read a noun's folder.
func (l *loader) enter(folder string) {
	if found, ok := l.readDir(folder); ok {
		l.entered, l.here = folder, found
	}
}

// list gives a folder's entries as branches does, and reads it each time.
func (l *loader) list(parts ...string) []*branch {
	if len(parts) == 1 && l.entered != "" && parts[0] == l.entered {
		return l.followed(l.here, parts)
	}
	found, _ := l.readDir(parts...)
	return l.followed(found, parts)
}

func (l *loader) config() *config.Config {
	path := filepath.Join(l.dir, config.FileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		cfg := config.Default(l.dir)
		cfg.Gateway.Path = l.discover(cfg.Gateway.Path)
		return cfg
	}
	read := kept(l, l.at(config.FileName), "", func() readConfig { return l.readConfig(path) })
	cfg := read.config
	if l.misread = read.misread; cfg == nil {
		return config.Default(l.dir)
	}
	l.exists(cfg.File, "gateway", cfg.Gateway.Path, "apim")
	l.exists(cfg.File, "workflows", cfg.Workflows.Path, "workflows")
	return cfg
}

// readConfig is what stile.yaml gave; config is nil where it gave nothing.
type readConfig struct {
	config  *config.Config
	misread bool
}

func (l *loader) readConfig(path string) readConfig {
	text, err := os.ReadFile(path)
	if err != nil {
		_, faults := config.Load(path) // which says why
		l.faults = append(l.faults, faults...)
		return readConfig{misread: true}
	}
	l.summed(text, config.FileName)
	cfg, faults := config.Parse(path, string(text))
	l.faults = append(l.faults, faults...)
	return readConfig{cfg, faults.HasErrors()}
}

// discover finds the APIOps folder of a project without stile.yaml.
func (l *loader) discover(standard string) string {
	for _, name := range []string{"apim-artifacts", standard, "artifacts", "apimartifacts"} {
		if info, err := os.Stat(filepath.Join(l.dir, name)); err == nil && info.IsDir() {
			return name
		}
	}
	return standard
}

// exists reports a folder that stile.yaml names and that is not there; the
// standard one may be absent.
func (l *loader) exists(file, key, path, standard string) {
	if path == standard {
		return
	}
	if info, err := os.Stat(l.inside(path)); err != nil || !info.IsDir() {
		l.fault(filepath.ToSlash(file), config.CodeUnreadable, key+" names the folder "+path+", which is not there", "")
	}
}

func (l *loader) inside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(l.dir, path)
}

// absent: no such file is there. One that is there and gave nothing was told of
// when it was read.
func (l *loader) absent(parts ...string) bool {
	_, err := os.Stat(filepath.Join(append([]string{l.dir}, parts...)...))
	return errors.Is(err, fs.ErrNotExist)
}

// references checks what one file says of another.
func (l *loader) references(p *Project) {
	for _, sm := range p.StateMachines {
		if sm.Role != "" && p.Roles[sm.Role] == nil && l.absent("roles", sm.Role+".json") {
			l.faults = append(l.faults, diag.Diagnostic{Code: config.CodeNoSuch, Severity: diag.Warning, File: sm.Options,
				Line: sm.RoleLine, Column: 1, Message: "role " + sm.Role + " has no file roles/" + sm.Role + ".json",
				Hint: "without it `dev` allows everything, `serve` nothing: " + near(sm.Role, p.Roles, "add the file")})
		}
	}
	for _, role := range p.Roles {
		if role.Subscription != "" && p.APIM.Subscription(role.Subscription) == nil && !l.misread {
			l.fault(role.File, config.CodeNoSuch, "role "+role.Name+" names subscription "+role.Subscription+", which is not there",
				"declare it in stile.yaml under subscriptions, or in the gateway's folder")
		}
	}
	l.authorizations(p)
	for _, m := range p.Config.Map {
		if m.Connection != "" && p.Connections[m.Connection] == nil {
			l.faults = append(l.faults, diag.Diagnostic{Code: config.CodeNoSuch, Severity: diag.Error, File: filepath.ToSlash(p.Config.File),
				Line: m.Line, Column: 1, Message: "map names connection " + m.Connection + ", which is not there",
				Hint: near(m.Connection, p.Connections, "add connections/"+m.Connection+".yaml")})
		}
	}
}

func near[T any](name string, known map[string]T, otherwise string) string {
	var names []string
	for k := range known {
		names = append(names, k)
	}
	slices.Sort(names)
	if n, ok := diag.Nearest(name, names); ok {
		return "did you mean " + n + "?"
	}
	return otherwise
}
