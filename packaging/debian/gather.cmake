# What a Debian package has otherwise than an installation from the sources: run by CPack when all files are gathered, before they are packed.
cmake_minimum_required(VERSION 3.25)
set(usr ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr)
set(doc ${usr}/share/doc/neevfs)
set(from ${CMAKE_CURRENT_LIST_DIR})
set(mode FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

configure_file(${from}/copyright ${doc}/copyright COPYONLY ${mode})
configure_file(${from}/changelog ${doc}/changelog.Debian COPYONLY ${mode})
configure_file(${from}/../../CHANGELOG.md ${doc}/changelog COPYONLY ${mode})
file(GLOB plain ${usr}/share/man/man?/*.? ${doc}/changelog*)
execute_process(COMMAND gzip -9nf ${plain} COMMAND_ERROR_IS_FATAL ANY)

# Debian's zsh looks there.
file(RENAME ${usr}/share/zsh/site-functions ${usr}/share/zsh/vendor-completions)

# Whatever the umask of who builds it.
file(CHMOD_RECURSE ${usr} DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
