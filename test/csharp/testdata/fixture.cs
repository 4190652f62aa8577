// The context that expressions see: the document policy/expr/testdata/context.json
// behind the interfaces of the oracle's context.cs, and how values are written.
using System; using System.Collections; using System.Collections.Generic; using System.Globalization; using System.IO; using System.Linq;
using System.Reflection; using System.Security.Cryptography.X509Certificates; using System.Text; using System.Threading;
using Newtonsoft.Json; using Newtonsoft.Json.Linq;

public class FxBody : IMessageBody {
  string text; bool gone;
  public FxBody(JToken raw) { text = raw == null || raw.Type == JTokenType.Null ? null : raw.Type == JTokenType.String ? (string)raw : Fx.Raw(raw); }
  string Take(bool keep) { if (gone) throw new InvalidOperationException("consumed"); if (!keep && text != null) gone = true; return text ?? ""; }
  public T As<T>(bool preserveContent = false) {
    string t = Take(preserveContent);
    object v;
    if (typeof(T) == typeof(string) || typeof(T) == typeof(object)) v = t;
    else if (typeof(T) == typeof(byte[])) v = Encoding.UTF8.GetBytes(t);
    else if (typeof(T) == typeof(JObject)) v = JObject.Parse(t);
    else if (typeof(T) == typeof(JArray)) v = JArray.Parse(t);
    else v = JToken.Parse(t);
    return (T)v;
  }
  public IDictionary<string, IList<string>> AsFormUrlEncodedContent(bool preserveContent = false) {
    var d = new Dictionary<string, IList<string>>();
    foreach (var p in Fx.Query(Take(preserveContent))) { IList<string> l; if (!d.TryGetValue(p.Key, out l)) d[p.Key] = l = new List<string>(); l.Add(p.Value); }
    return d;
  }
}
public class FxDict<V> : IReadOnlyDictionary<string, V> {
  List<string> order = new List<string>(); Dictionary<string, V> d; 
  public FxDict(bool fold) { d = new Dictionary<string, V>(fold ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal); }
  public void Put(string k, V v) { if (!d.ContainsKey(k)) order.Add(k); d[k] = v; }
  public V this[string k] { get { return d[k]; } }
  public int Count { get { return d.Count; } }
  public bool ContainsKey(string k) { return d.ContainsKey(k); }
  public bool TryGetValue(string k, out V v) { return d.TryGetValue(k, out v); }
  public IEnumerable<string> Keys { get { return order; } }
  public IEnumerable<V> Values { get { return order.Select(k => d[k]); } }
  public IEnumerator<KeyValuePair<string, V>> GetEnumerator() { foreach (var k in order) yield return new KeyValuePair<string, V>(k, d[k]); }
  IEnumerator IEnumerable.GetEnumerator() { return GetEnumerator(); }
}
public class FxUrl : IUrl {
  Uri u; public FxUrl(string s) { u = new Uri(s); }
  public string Host { get { return u.Host; } } public string Path { get { return u.AbsolutePath; } } public int Port { get { return u.Port; } }
  public string Scheme { get { return u.Scheme; } } public string QueryString { get { return u.Query; } } public Uri ToUri() { return u; }
  public IReadOnlyDictionary<string, string[]> Query { get {
    var d = new FxDict<string[]>(true); 
    foreach (var p in Fx.Query(u.Query.TrimStart('?'))) { string[] was; d.Put(p.Key, d.TryGetValue(p.Key, out was) ? was.Concat(new[] { p.Value }).ToArray() : new[] { p.Value }); }
    return d; } }
  public override string ToString() { return u.AbsoluteUri; }
}
public class FxRequest : IRequest {
  JObject j; public FxRequest(JObject o) { j = o; Body = new FxBody(o["body"]); Headers = Fx.Headers(o["headers"]); Url = new FxUrl((string)o["url"]); OriginalUrl = new FxUrl((string)o["originalUrl"]);
    var m = new FxDict<string>(true); foreach (var p in ((JObject)o["matchedParameters"]).Properties()) m.Put(p.Name, (string)p.Value); MatchedParameters = m; }
  public IMessageBody Body { get; private set; } public X509Certificate2 Certificate { get { return null; } }
  public IReadOnlyDictionary<string, string[]> Headers { get; private set; } public string IpAddress { get { return (string)j["ipAddress"]; } }
  public IReadOnlyDictionary<string, string> MatchedParameters { get; private set; } public string Method { get { return (string)j["method"]; } }
  public IUrl OriginalUrl { get; private set; } public IUrl Url { get; private set; } public IPrivateEndpointConnection PrivateEndpointConnection { get { return null; } }
}
public class FxResponse : IResponse {
  public FxResponse(JObject o) { StatusCode = (int)o["statusCode"]; StatusReason = (string)o["statusReason"]; Headers = Fx.Headers(o["headers"]); Body = new FxBody(o["body"]); }
  public IMessageBody Body { get; private set; } public IReadOnlyDictionary<string, string[]> Headers { get; private set; }
  public int StatusCode { get; private set; } public string StatusReason { get; private set; }
}
public class FxApi : IContextApi, ISubscriptionKeyParameterNames {
  JObject j; public FxApi(JObject o) { j = o; }
  public string Id { get { return (string)j["id"]; } } public string Name { get { return (string)j["name"]; } } public string Path { get { return (string)j["path"]; } }
  public IEnumerable<string> Protocols { get { return j["protocols"].Select(x => (string)x).ToArray(); } } public IUrl ServiceUrl { get { return new FxUrl((string)j["serviceUrl"]); } }
  public ISubscriptionKeyParameterNames SubscriptionKeyParameterNames { get { return this; } }
  public string Header { get { return "Ocp-Apim-Subscription-Key"; } } public string Query { get { return "subscription-key"; } }
  public bool IsCurrentRevision { get { return (bool)j["isCurrentRevision"]; } } public string Revision { get { return (string)j["revision"]; } } public string Version { get { return (string)j["version"]; } }
}
public class FxOperation : IOperation { JObject j; public FxOperation(JObject o) { j = o; }
  public string Id { get { return (string)j["id"]; } } public string Name { get { return (string)j["name"]; } } public string Method { get { return (string)j["method"]; } } public string UrlTemplate { get { return (string)j["urlTemplate"]; } } }
public class FxProduct : IProduct { JObject j; public FxProduct(JObject o) { j = o; }
  public IEnumerable<IApi> Apis { get { return new IApi[0]; } } public IEnumerable<IGroup> Groups { get { return new IGroup[0]; } }
  public bool ApprovalRequired { get { return (bool?)j["approvalRequired"] ?? false; } } public bool SubscriptionRequired { get { return (bool?)j["subscriptionRequired"] ?? false; } }
  public string Id { get { return (string)j["id"]; } } public string Name { get { return (string)j["name"]; } }
  public ProductState State { get { return (string)j["state"] == "Published" ? ProductState.Published : ProductState.NotPublished; } }
  public int? SubscriptionLimit { get { return null; } } public int? SubscriptionsLimit { get { return null; } } }
public class FxSubscription : ISubscription { JObject j; public FxSubscription(JObject o) { j = o; }
  public DateTime CreatedDate { get { return default(DateTime); } } public DateTime? EndDate { get { return null; } } public DateTime? StartDate { get { return null; } }
  public string Id { get { return (string)j["id"]; } } public string Name { get { return (string)j["name"]; } }
  public string Key { get { return (string)j["key"]; } } public string PrimaryKey { get { return Key; } } public string SecondaryKey { get { return Key; } } }
public class FxLastError : ILastError { JObject j; public FxLastError(JObject o) { j = o; }
  public string Source { get { return (string)j["source"]; } } public string Reason { get { return (string)j["reason"]; } } public string Message { get { return (string)j["message"]; } }
  public string Scope { get { return (string)j["scope"]; } } public string Section { get { return (string)j["section"]; } } public string Path { get { return (string)j["path"]; } } public string PolicyId { get { return (string)j["policyId"]; } } }
public class FxDeployment : IDeployment, IGatewayInfo {
  public IGatewayInfo Gateway { get { return this; } } public string GatewayId { get { return "managed"; } } public string Region { get { return "local"; } }
  public string ServiceId { get { return "stile"; } } public string ServiceName { get { return "stile"; } }
  public IReadOnlyDictionary<string, X509Certificate2> Certificates { get { return new FxDict<X509Certificate2>(false); } }
  public string Id { get { return "managed"; } } public string InstanceId { get { return "stile"; } } public bool IsManaged { get { return true; } } }
public class FxContext : IContext {
  JObject j; FxDict<object> vars = new FxDict<object>(false);
  public FxContext(string doc) {
    j = (JObject)Fx.Parse(doc); Request = new FxRequest((JObject)j["request"]); Response = new FxResponse((JObject)j["response"]);
    foreach (var p in ((JObject)j["variables"]).Properties().OrderBy(p => p.Name, StringComparer.Ordinal)) vars.Put(p.Name, Fx.Variable(p.Value));
  }
  public IContextApi Api { get { return new FxApi((JObject)j["api"]); } } public IBackend Backend { get { return null; } } public IDeployment Deployment { get { return new FxDeployment(); } }
  public TimeSpan Elapsed { get { return TimeSpan.FromSeconds((double)j["elapsed"]); } } public IGraphQL GraphQL { get { return null; } }
  public ILastError LastError { get { return new FxLastError((JObject)j["lastError"]); } } public IOperation Operation { get { return new FxOperation((JObject)j["operation"]); } }
  public IProduct Product { get { return new FxProduct((JObject)j["product"]); } } public IRequest Request { get; private set; } public Guid RequestId { get { return new Guid((string)j["requestId"]); } }
  public IResponse Response { get; private set; } public ISubscription Subscription { get { return new FxSubscription((JObject)j["subscription"]); } }
  public DateTime Timestamp { get { return DateTime.Parse((string)j["timestamp"], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal); } }
  public bool Tracing { get { return false; } } public IUser User { get { return null; } } public IReadOnlyDictionary<string, object> Variables { get { return vars; } }
  public IWorkspace Workspace { get { return null; } } public void Trace(string m) { }
}
public static class Fx {
  public static JToken Parse(string s) { using (var r = new JsonTextReader(new StringReader(s)) { DateParseHandling = DateParseHandling.None }) return JToken.Load(r); }
  public static string Raw(JToken t) { return t.ToString(Formatting.None); }
  public static IEnumerable<KeyValuePair<string, string>> Query(string q) {
    foreach (var pair in q.Split('&')) { if (pair == "") continue; int i = pair.IndexOf('=');
      yield return new KeyValuePair<string, string>(Un(i < 0 ? pair : pair.Substring(0, i)), i < 0 ? "" : Un(pair.Substring(i + 1))); }
  }
  static string Un(string s) { return System.Net.WebUtility.UrlDecode(s); }
  public static IReadOnlyDictionary<string, string[]> Headers(JToken o) {
    var d = new FxDict<string[]>(true);
    if (o != null) foreach (var p in ((JObject)o).Properties().OrderBy(p => p.Name, StringComparer.Ordinal)) d.Put(p.Name, p.Value is JArray ? p.Value.Select(x => (string)x).ToArray() : new[] { (string)p.Value });
    return d;
  }
  public static object Variable(JToken t) {
    if (t.Type == JTokenType.Object && t["$type"] != null) {
      JToken v = t["value"];
      switch ((string)t["$type"]) {
        case "long": return (long)v;
        case "double": return (double)v;
        case "decimal": return decimal.Parse((string)v, CultureInfo.InvariantCulture);
        case "DateTime": return DateTime.Parse((string)v, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
        case "string[]": return v.Select(x => (string)x).ToArray();
        case "Jwt": return Ext.AsJwt((string)v);
        case "IResponse": return new FxResponse((JObject)v);
        default: return JToken.Parse(Raw(v));
      }
    }
    switch (t.Type) {
      case JTokenType.Null: return null;
      case JTokenType.Boolean: return (bool)t;
      case JTokenType.String: return (string)t;
      case JTokenType.Integer: { long n = (long)t; if (n == (int)n) return (int)n; return n; }
      case JTokenType.Float: return (double)t;
    }
    return JToken.Parse(Raw(t));
  }
  static byte[] B64(string s) { s = s.Replace('-', '+').Replace('_', '/'); while (s.Length % 4 != 0) s += "="; return Convert.FromBase64String(s); }
  static string[] Texts(JToken t) { return t is JArray ? t.Select(x => x.ToString()).ToArray() : new[] { t.Type == JTokenType.Boolean ? ((bool)t ? "true" : "false") : t.ToString() }; }
  public static Jwt ReadJwt(string s) {
    if (s == null) return null;
    if (s.StartsWith("Bearer ")) s = s.Substring(7);
    var parts = s.Split('.'); if (parts.Length != 3) return null;
    try {
      var head = (JObject)Parse(Encoding.UTF8.GetString(B64(parts[0]))); var body = (JObject)Parse(Encoding.UTF8.GetString(B64(parts[1])));
      var claims = new FxDict<string[]>(false); foreach (var p in body.Properties()) claims.Put(p.Name, Texts(p.Value));
      var epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
      Func<string, DateTime?> at = n => body[n] == null ? (DateTime?)null : epoch.AddSeconds((double)body[n]);
      return new Jwt { Id = (string)body["jti"], Algorithm = (string)head["alg"], Type = (string)head["typ"], Issuer = (string)body["iss"], Subject = (string)body["sub"],
        Audiences = body["aud"] == null ? new string[0] : Texts(body["aud"]), Claims = claims, ExpirationTime = at("exp"), NotBefore = at("nbf"), IssuedAt = at("iat") };
    } catch (Exception) { return null; }
  }
  public static BasicAuthCredentials ReadBasic(string s) {
    if (s == null || !s.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return null;
    try { var t = Encoding.UTF8.GetString(Convert.FromBase64String(s.Substring(6).Trim())); int i = t.IndexOf(':'); if (i < 0) return null;
      return new BasicAuthCredentials { UserId = t.Substring(0, i), Username = t.Substring(0, i), Password = t.Substring(i + 1) }; } catch (FormatException) { return null; }
  }
  public static string Form(IDictionary<string, IList<string>> d) { return string.Join("&", d.SelectMany(p => p.Value.Select(v => Uri.EscapeDataString(p.Key).Replace("%20", "+") + "=" + Uri.EscapeDataString(v).Replace("%20", "+")))); }

  static readonly Dictionary<Type, string> words = new Dictionary<Type, string> { { typeof(bool), "bool" }, { typeof(char), "char" }, { typeof(sbyte), "sbyte" }, { typeof(byte), "byte" }, { typeof(short), "short" },
    { typeof(ushort), "ushort" }, { typeof(int), "int" }, { typeof(uint), "uint" }, { typeof(long), "long" }, { typeof(ulong), "ulong" }, { typeof(float), "float" }, { typeof(double), "double" }, { typeof(decimal), "decimal" }, { typeof(string), "string" }, { typeof(object), "object" } };
  static string Short(Type t) { int i = t.Name.IndexOf('`'); return i < 0 ? t.Name : t.Name.Substring(0, i); }
  public static string TypeName(Type t) {
    string w; if (words.TryGetValue(t, out w)) return w;
    if (t.IsArray) return TypeName(t.GetElementType()) + "[]";
    if (Nullable.GetUnderlyingType(t) != null) return TypeName(Nullable.GetUnderlyingType(t)) + "?";
    if (t.Name.StartsWith("<>__AnonType")) return "anonymous type";
    if (t.Name.StartsWith("FxDict")) return "IReadOnlyDictionary<string, " + TypeName(t.GetGenericArguments()[0]) + ">";
    if (t.Name.StartsWith("Fx")) return "I" + t.Name.Substring(2);
    if (!(t.IsGenericType ? t.GetGenericTypeDefinition() : t).IsVisible || t.Name.StartsWith("<")) {
      foreach (var name in new[] { "IGrouping`2", "IOrderedEnumerable`1", "ILookup`2", "IJEnumerable`1", "IEnumerable`1" })
        foreach (var i in t.GetInterfaces()) if (i.Name == name) return TypeName(i.Name == "IJEnumerable`1" ? typeof(IEnumerable<>).MakeGenericType(i.GetGenericArguments()) : i);
      for (var b = t.BaseType; b != null && b != typeof(object); b = b.BaseType) if (b.IsVisible) return TypeName(b);
    }
    if (t.IsGenericType) return Short(t) + "<" + string.Join(", ", t.GetGenericArguments().Select(TypeName)) + ">";
    return t.Name;
  }
  static string Esc(string s) {
    var b = new StringBuilder();
    foreach (char c in s) { if (c == '\\') b.Append("\\\\"); else if (c == '\n') b.Append("\\n"); else if (c == '\r') b.Append("\\r"); else if (c == '\t') b.Append("\\t");
      else if (c < ' ' || c > '~') b.AppendFormat("\\u{0:x4}", (int)c); else b.Append(c); }
    return b.ToString();
  }
  static string Quote(string s) { return "\"" + Esc(s).Replace("\"", "\\\"") + "\""; }
  public static string Show(object v, int depth) {
    if (v == null) return "null";
    if (v is string) return Quote((string)v);
    if (v is char) return "'" + Esc(v.ToString()) + "'";
    if (v is double) return ((double)v).ToString("R", CultureInfo.InvariantCulture);
    if (v is float) return ((float)v).ToString("R", CultureInfo.InvariantCulture);
    if (v is DateTime) return ((DateTime)v).ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture) + " " + ((DateTime)v).Kind;
    if (v is DateTimeOffset) return ((DateTimeOffset)v).ToString("yyyy-MM-ddTHH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture);
    if (v is byte[]) return "0x" + string.Concat(((byte[])v).Select(b => b.ToString("x2")));
    if (v is Exception) return v.GetType().Name;
    if (v is JToken) return ((JToken)v).Type + " " + Esc(((JToken)v).ToString(Formatting.None));
    Type t = v.GetType();
    if (t.Name.StartsWith("<>__AnonType")) return "{ " + string.Join(", ", t.GetProperties().Select(p => p.Name + " = " + Show(p.GetValue(v, null), depth + 1))) + " }";
    if (t.IsGenericType && t.GetGenericTypeDefinition() == typeof(KeyValuePair<,>)) return Show(t.GetProperty("Key").GetValue(v, null), depth + 1) + ": " + Show(t.GetProperty("Value").GetValue(v, null), depth + 1);
    if (v is IEnumerable && depth < 8) return "[" + string.Join(", ", ((IEnumerable)v).Cast<object>().Select(x => Show(x, depth + 1))) + "]";
    if (t.Name.StartsWith("Fx")) return TypeName(t);
    return Esc(Convert.ToString(v, CultureInfo.InvariantCulture));
  }
  static string Outcome(Func<IContext, object> f, string doc) {
    string type = null;
    try { object v = f(new FxContext(doc)); type = v == null ? "null" : TypeName(v.GetType()); return "= " + type + " " + Show(v, 0); }
    catch (Exception e) { return (type == null ? "" : "= " + type + " ") + "! " + e.GetType().Name; }
  }
  public static void RunAll(string docPath, List<KeyValuePair<string, Func<IContext, object>>> all) {
    CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture; Thread.CurrentThread.CurrentCulture = CultureInfo.InvariantCulture;
    string doc = File.ReadAllText(docPath);
    var outp = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
    foreach (var one in all) {
      string result = "! Timeout";
      var f = one.Value;
      var th = new Thread(() => { result = Outcome(f, doc); }, 4 << 20); th.IsBackground = true; th.Start();
      if (!th.Join(10000)) { outp.Flush(); }
      outp.Write(one.Key + "\t" + result + "\n");
    }
    outp.Flush(); Environment.Exit(0);
  }
}
