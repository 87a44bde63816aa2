# fish completion of neevfs(1). Its options are asked of the program itself: neevfs --help options lists them.

set -l commands umount login logout status doctor
set -l mounting "not __fish_seen_subcommand_from $commands"
set -l doctor '__fish_seen_subcommand_from doctor'
set -l login '__fish_seen_subcommand_from login'

# What may stand in place of the list of options that is being typed.
function __neevfs_options
    set -l program (commandline -opc)[1]
    set -l before (string replace -r '^-[fd]*o' '' -- (commandline -ct) | string match -r '^.*,')
    set -l item (string replace -r '^-[fd]*o' '' -- (commandline -ct) | string replace -r '^.*,' '')
    set -l name (string match -r '^[a-z_]+=' -- $item)
    set -l value (string replace -r '^[a-z_]+=' '' -- $item)
    switch "$name"
        case 'allow='
            set -l verbs (string match -r '^.*:' -- $value)
            printf '%s\n' "$before$name$verbs"{create,scale,delete,none}
        case 'log_level='
            printf '%s\n' "$before$name"{error,warning,notice,info,debug}
        case '*_file=' 'log=' 'journal='
            printf '%s\n' "$before$name"(__fish_complete_path $value)
        case ''
            $program --help options 2>/dev/null | string replace -rf '^  (\w+) +(.*)$' "$before\$1=\t\$2" | string replace -r '^(.*\b(?:ro|allow_other))=' '$1'
            printf '%s\n' "$before"(string split ' ' -- ($program --help options 2>/dev/null | string replace -rf '^options of mount\(8\): ' ''))
    end
end

function __neevfs_mounts
    string match -rg '^\S+ (\S+) fuse\.neevfs ' </proc/self/mounts | string unescape
end

complete -c neevfs -n $mounting -xa '(__fish_complete_directories)'
complete -c neevfs -n "$mounting; and __fish_is_first_token" -a umount -d 'Unmount'
complete -c neevfs -n "$mounting; and __fish_is_first_token" -a login -d 'Log in with e-mail and password, or store a token'
complete -c neevfs -n "$mounting; and __fish_is_first_token" -a logout -d 'Remove what login has stored'
complete -c neevfs -n "$mounting; and __fish_is_first_token" -a status -d 'Show the mounts'
complete -c neevfs -n "$mounting; and __fish_is_first_token" -a doctor -d 'Look for what is wrong'
complete -c neevfs -n '__fish_seen_subcommand_from umount doctor' -xa '(__neevfs_mounts)'
complete -c neevfs -n $doctor -xa '(__fish_complete_directories)'
complete -c neevfs -n '__fish_seen_subcommand_from login logout status' -f
complete -c neevfs -n "$mounting; or $login; or $doctor" -s o -xa '(__neevfs_options)'
complete -c neevfs -n $mounting -s f -d 'Stay in the foreground'
complete -c neevfs -n $mounting -s d -d 'Stay in the foreground and print each FUSE request'
complete -c neevfs -n $mounting -l sandbox -d 'Mount a simulated cloud'
complete -c neevfs -n $doctor -l sandbox -d 'Look at a simulated cloud'
complete -c neevfs -n $login -l token-stdin -d 'Take a token from standard input'
complete -c neevfs -n $mounting -s h -l help -d 'Show the usage'
complete -c neevfs -n $mounting -s V -l version -d 'Show the version'
