// libdispatch watches its shared queues for threads that block, and would add some: from the first piece of work there
// until the process ends it wakes once a second. Nothing here blocks those threads, so there is nothing to watch:
// scripts/build-release.sh has the linker put these in place of the two functions by which a thread says that it is
// there. Without that nobody calls them.
//
// Keeping off the shared queues would not do: releasing a database connection puts work there, and so does every task
// that a library starts.

void __wrap__dispatch_workq_worker_register(void *queue);
void __wrap__dispatch_workq_worker_unregister(void *queue);

void __wrap__dispatch_workq_worker_register(void *queue) { (void)queue; }

void __wrap__dispatch_workq_worker_unregister(void *queue) { (void)queue; }
