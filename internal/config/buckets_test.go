package config

import "testing"

func TestBuckets(t *testing.T) {
	cfg, faults := Parse("stile.yaml", "buckets:\n  orders: {folder: data/orders}\nmap:\n  \"arn:aws:s3:::mapped\": {folder: elsewhere}\n")
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	for name, want := range map[string]string{"orders": "data/orders", "mapped": "elsewhere", "other": "buckets/other"} {
		if got := cfg.Bucket(name).Folder; got != want {
			t.Errorf("%s is in %s, not %s", name, got, want)
		}
	}
	if b := cfg.Bucket("orders"); b.Line != 2 || b.Column != 3 {
		t.Errorf("%+v", b)
	}
}

func TestBucketFaults(t *testing.T) {
	for text, want := range map[string]string{
		"buckets: data":                          "buckets must be a map from a bucket's name to its folder",
		"buckets: {Orders: {folder: x}}":         "this is not the name of a bucket",
		"buckets: {orders: {folder: ../x}}":      "folder must stay inside the project",
		"buckets: {orders: {folder: /x}}":        "folder must stay inside the project",
		"buckets: {orders: {}}":                  "",
		"buckets: {orders: {folder: x, key: y}}": "",
	} {
		_, faults := Parse("stile.yaml", text)
		if !faults.HasErrors() || want != "" && faults[0].Message != want {
			t.Errorf("%s: %v", text, faults)
		}
	}
}

func TestLegalBucket(t *testing.T) {
	for name, want := range map[string]bool{"abc": true, "a-b.c9": true, "ab": false, "Abc": false, "a..b": false, "-ab": false, "ab.": false, "a/b": false, "../x": false} {
		if LegalBucket(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
