package fixture

import "testing"

func TestThere(t *testing.T) {}
