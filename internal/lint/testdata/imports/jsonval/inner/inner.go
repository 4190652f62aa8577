// Package inner is part of a pure room.
package inner

import _ "os/exec"
