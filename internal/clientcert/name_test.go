package clientcert

import "testing"

func TestReadName(t *testing.T) {
	for _, text := range []string{"", "orders", "CN", "XX=1", `CN="a`, "=b"} {
		if got, ok := readName(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
	if got, ok := readName(`CN = a b , OID.1.2.3=c, O="x ""y"""`); !ok || got[0] != [2]string{"2.5.4.3", "a b"} || got[1] != [2]string{"1.2.3", "c"} || got[2] != [2]string{"2.5.4.10", `x "y"`} {
		t.Errorf("%v %v", got, ok)
	}
}
