# Writes the header with the commit's name, only when it changed. Run at every build with SOURCE and OUT.
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=10 HEAD OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#define TESSERA_COMMIT \"${commit}\"\n" @ONLY)
