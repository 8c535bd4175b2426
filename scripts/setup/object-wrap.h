// Read before the sources of better-sqlite3. From 24.19 on, Node's ObjectWrap registers itself for the end of the environment,
// and its destructor, which the garbage collector may call while no JavaScript runs, then aborts the process ("Assertion failed:
// (env) != nullptr"). better-sqlite3 12 is made for the ObjectWrap before that, and closes its databases at the end by itself:
// here it gets that one. Without effect on the headers of any earlier Node. Gone with better-sqlite3 13, which needs Node 22.
#include <node.h>

namespace node {
inline void LeaveEnvironmentAlone(v8::Isolate*, void (*)(void*), void*) {}
}  // namespace node

#define AddEnvironmentCleanupHook LeaveEnvironmentAlone
#define RemoveEnvironmentCleanupHook LeaveEnvironmentAlone
#include <node_object_wrap.h>
#undef AddEnvironmentCleanupHook
#undef RemoveEnvironmentCleanupHook
