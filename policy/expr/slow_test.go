package expr
import ("testing";"os";"path/filepath";"strings";"strconv";"time";"stile/diag")
func TestSlow(t *testing.T){
 fs,_:=filepath.Glob(os.Getenv("FUZZDIR")+"/*")
 for _,f:=range fs{ b,_:=os.ReadFile(f); L:=strings.Split(string(b),"\n"); if len(L)<3 {continue}
  s,_:=strconv.Unquote(strings.TrimSuffix(strings.TrimPrefix(L[1],"string("),")")); blk:=strings.Contains(L[2],"true")
  a:=time.Now(); p,_:=Compile(diag.NewSource("f",s),0,s,blk); c:=time.Since(a)
  if p!=nil { e:=scriptEnv(t); e.Steps=2000; e.Memory=1<<20; p.Run(e) }
  if d:=time.Since(a); d>20*time.Millisecond { t.Logf("%v %v %q %v",c,d,s,blk) } }
}
