package keyvault

import "testing"

// TestMachine: tokens of the managed identity come from the metadata service and from
// what the environment names, whatever their addresses; a vault's host is none of them.
func TestMachine(t *testing.T) {
	env := map[string]string{}
	own := machine(func(name string) string { return env[name] })
	for _, host := range []string{"acme.vault.azure.net", "169.254.131.2", "127.0.0.1", "", "169.254.169.253"} {
		if own(host) {
			t.Errorf("%q is the machine's without being named", host)
		}
	}
	if !own("169.254.169.254") {
		t.Error("the metadata service is not the machine's")
	}
	env["IDENTITY_ENDPOINT"], env["IMDS_ENDPOINT"], env["MSI_ENDPOINT"] = "http://169.254.131.2:8081/msi/token", "http://127.0.0.1:40342", "://"
	for host, want := range map[string]bool{"169.254.131.2": true, "127.0.0.1": true, "169.254.131.3": false, "": false, "acme.vault.azure.net": false} {
		if own(host) != want {
			t.Errorf("%q: %v, want %v", host, own(host), want)
		}
	}
}
